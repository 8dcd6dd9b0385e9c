"""Pictures of products: obtained under bounds, verified, and kept by their digest. Nothing here imports the orchestrator."""
