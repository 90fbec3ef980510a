import Hosting
print("gatewayd")
