"""From the text of a study file to the study: keys, values, and what is wrong with them."""
