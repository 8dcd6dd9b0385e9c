"""Rating of studies: what raters are asked, and what they are shown and say."""
