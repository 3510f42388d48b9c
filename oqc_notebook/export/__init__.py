"""A notebook with its archive as one file that opens anywhere, and back."""
