"""What the stages hand on: the look, its layers' queries, the request and the answer."""
