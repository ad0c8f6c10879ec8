"""What an analyst sees: JSON routes and pages over the same queries. It calls no worker: it reads, and writes rows that say what is due."""
