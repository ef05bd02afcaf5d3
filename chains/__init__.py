"""What can be inferred from a user's activity: every step is a plain function and a LangChain Runnable."""
