"""The command line: one small file per command group; heavy things are imported when a command runs."""
