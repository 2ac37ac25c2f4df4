"""What a memoized function and its arguments are called in every process."""
