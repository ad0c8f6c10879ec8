"""The doing, in the background: jobs that load, think and save; the embedded loop and Celery ring the same ones."""
