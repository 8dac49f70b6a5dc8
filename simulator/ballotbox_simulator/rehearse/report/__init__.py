"""What people see of rehearsals: pages made from result documents alone."""
