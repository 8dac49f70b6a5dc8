"""Many boxes, voters and faults around the real device and gateway."""
