"""The Inference service: answers KServe v2 predictions for what the Serving service assigns to this node."""
