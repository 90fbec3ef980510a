import Hosting
print("vaultd")
