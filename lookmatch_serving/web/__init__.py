"""Pages for shoppers: plain HTML and CSS, rendered by the server."""
