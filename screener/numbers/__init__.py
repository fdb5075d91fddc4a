"""Who called: a number in its one form, its line class, its region; and how it is masked."""
