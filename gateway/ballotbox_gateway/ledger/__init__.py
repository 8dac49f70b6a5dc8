"""Where reports, leaves and delivery cursors become durable."""
