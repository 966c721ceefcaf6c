"""Where the first error of a trace is, from many imperfect signals; arrays in, probabilities out."""
