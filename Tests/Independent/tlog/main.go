// Tlog reads a log's public folder with Go's sumdb/note and sumdb/tlog, which know nothing of
// this project, and checks all of it: the signature, the cosignatures, every tile by way of the
// tree, every entry's inclusion, and consistency from every earlier size.
//
//	tlog FOLDER ORIGIN LOG-KEY [COSIGNER-KEY ...]
//
// It prints one line and exits with 0, or says what is wrong and exits with 1. The library's tiles
// have their height in the path (tile/8/0/000), those of c2sp.org/tlog-tiles do not (tile/0/000).
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: tlog FOLDER ORIGIN LOG-KEY [COSIGNER-KEY ...]")
		os.Exit(2)
	}
	summary, err := check(os.Args[1], os.Args[2], os.Args[3], os.Args[4:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Println(summary)
}

func check(folder, origin, logKey string, cosignerKeys []string) (string, error) {
	tree, err := checkpoint(folder, origin, logKey, cosignerKeys)
	if err != nil {
		return "", err
	}
	entries, err := bundles(folder, tree.N)
	if err != nil {
		return "", err
	}

	// The roots of all sizes, from the entries alone.
	var stored []tlog.Hash
	memory := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	roots := make([]tlog.Hash, tree.N+1)
	for n, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(n), entry, memory)
		if err != nil {
			return "", err
		}
		stored = append(stored, hashes...)
		if roots[n+1], err = tlog.TreeHash(int64(n+1), memory); err != nil {
			return "", err
		}
	}
	if tree.N > 0 && roots[tree.N] != tree.Hash {
		return "", errors.New("the entries do not give the checkpoint's root")
	}

	// The same through the tiles, each verified to the root by the library.
	tiles := &tileReader{folder: folder}
	reader := tlog.TileHashReader(tree, tiles)
	for n, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(n), reader)
		if err != nil {
			return "", fmt.Errorf("entry %d: %w", n, err)
		}
		leaf := tlog.RecordHash(entry)
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(n), leaf); err != nil {
			return "", fmt.Errorf("entry %d: %w", n, err)
		}
	}
	for n := int64(1); n <= tree.N; n++ {
		proof, err := tlog.ProveTree(tree.N, n, reader)
		if err != nil {
			return "", fmt.Errorf("size %d: %w", n, err)
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, n, roots[n]); err != nil {
			return "", fmt.Errorf("size %d: %w", n, err)
		}
	}
	// Tiles that no proof needed are tiles too. The library lists those of every width.
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		last := tree.N>>(height*tile.L) - tile.N<<height
		if tile.W < 1<<height && int64(tile.W) != last {
			continue
		}
		want, err := tlog.ReadTileData(tile, memory)
		if err != nil {
			return "", err
		}
		data, err := tiles.read(tile)
		if err != nil {
			return "", err
		}
		if !bytes.Equal(data, want) {
			return "", fmt.Errorf("%s differs", tilePath(tile))
		}
	}
	return fmt.Sprintf("%s: %d entries, %d cosignatures, %d tiles; all hold",
		origin, tree.N, len(cosignerKeys), len(tiles.seen)), nil
}

// checkpoint opens the signed note and reads its three lines. All cosigners must have signed.
func checkpoint(folder, origin, logKey string, cosignerKeys []string) (tlog.Tree, error) {
	var tree tlog.Tree
	data, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return tree, err
	}
	log, err := note.NewVerifier(logKey)
	if err != nil {
		return tree, err
	}
	verifiers := []note.Verifier{log}
	for _, text := range cosignerKeys {
		verifier, err := newCosigner(text)
		if err != nil {
			return tree, err
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open(data, note.VerifierList(verifiers...))
	if err != nil {
		return tree, err
	}
	if len(opened.Sigs) != len(verifiers) || opened.Sigs[0].Name != log.Name() {
		return tree, fmt.Errorf("%d of %d signatures", len(opened.Sigs), len(verifiers))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		return tree, errors.New("the checkpoint is not three lines of this log")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// bundles reads all entries: u16(length) and entry, 256 in a full bundle.
func bundles(folder string, size int64) ([][]byte, error) {
	var entries [][]byte
	for start := int64(0); start < size; start += 256 {
		width := int(size - start)
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: height, L: 0, N: start / 256, W: width}
		path := strings.Replace(tilePath(tile), "tile/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		for i := 0; i < width; i++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s is too short", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			entries = append(entries, data[2:end])
			data = data[end:]
		}
		if len(data) > 0 {
			return nil, fmt.Errorf("%s is too long", path)
		}
	}
	return entries, nil
}

// tilePath is the library's path without its height.
func tilePath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

type tileReader struct {
	folder string
	seen   map[string][]byte
}

func (r *tileReader) Height() int { return height }

func (r *tileReader) read(tile tlog.Tile) ([]byte, error) {
	path := tilePath(tile)
	if data, ok := r.seen[path]; ok {
		return data, nil
	}
	data, err := os.ReadFile(filepath.Join(r.folder, path))
	if r.seen == nil {
		r.seen = map[string][]byte{}
	}
	if err == nil {
		r.seen[path] = data
	}
	return data, err
}

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := r.read(tile)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (r *tileReader) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

// cosigner verifies c2sp.org/tlog-cosignature lines of type 0x04, which the library does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newCosigner(text string) (note.Verifier, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no cosigner key")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("no cosigner key of type 4")
	}
	return &cosigner{parts[0], uint32(hash), key[1:]}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}
