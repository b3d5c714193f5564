"""The command line: a small file for each verb."""
