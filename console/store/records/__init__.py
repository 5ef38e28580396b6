"""What people and rules decide: inventory, incidents, alarms, attendance, as one log of events."""
