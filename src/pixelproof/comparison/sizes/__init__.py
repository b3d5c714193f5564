"""Would more labels help? What scores by the number of training images show, from score files alone."""
