"""An application in three files: tasks.py is shared by web.py and worker.py."""
