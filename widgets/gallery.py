"""python -m widgets.gallery."""
