"""The Hugging Face Hub, as workers write to it."""
