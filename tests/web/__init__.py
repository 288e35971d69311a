"""Small web applications behind real servers, and a crowd that asks them for tasks."""
