"""The description of the interface: OpenAPI 3.1 with the columns of the models that are served."""
