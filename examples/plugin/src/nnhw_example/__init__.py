"""What can be added to nnhw from outside, one of each; see README.md."""
