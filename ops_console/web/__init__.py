"""The pages. A view is form, command, service, redirect."""
