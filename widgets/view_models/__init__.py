"""What widgets show: frozen values, already in words and display units, with no Qt and no domain behind them."""
