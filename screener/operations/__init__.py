"""What whoever runs the site looks at: metrics, the program's log, the supervisor of the process."""
