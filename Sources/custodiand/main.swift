import Hosting
print("custodiand")
