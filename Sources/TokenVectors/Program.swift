/// Writes the vectors: `swift run TokenVectors > Keys/vectors/tokens.json`.
@main
enum Program {
    static func main() throws {
        print(try VectorFile.text(), terminator: "")
    }
}
