import Testing
import Hosting
