"""Qt widgets fed only by view models. This package and `view_models` import no Qt."""
