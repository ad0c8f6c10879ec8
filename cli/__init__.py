"""`launchwatch`: thin commands over the other rooms. One file a group of commands; nobody imports this package."""
