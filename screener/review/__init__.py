"""What people say of a call afterwards: why it was judged so, what was right, what follows from it."""
