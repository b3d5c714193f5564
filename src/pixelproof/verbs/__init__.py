"""What the commands do with runs, data and scores, one file each; and what several of them need."""
