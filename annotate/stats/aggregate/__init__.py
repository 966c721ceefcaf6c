"""One answer per item from the labels of several raters: one file per method, one shape of result."""
