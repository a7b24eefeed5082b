// The container of every code, as docs/file-format.md has it: read where no Python is there to do it
// (selfsame/coding/container.py, with the same named errors; tests/web compares both).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "browser/files/inflate.hpp"

namespace selfsame::browser {

enum ColorSpace : int { kGrey, kSrgb, kGreyAlpha, kSrgbAlpha };

struct Header {
    int kind, color_space, width, height;

    int channels() const { return color_space == kSrgb || color_space == kSrgbAlpha ? 3 : 1; }
    bool has_alpha() const { return color_space == kGreyAlpha || color_space == kSrgbAlpha; }
};

struct Chunk {
    std::string_view tag;
    Bytes payload;
};

// The numbers that stand one after the other in a payload, which `owner` names.
class Numbers {
public:
    Numbers(Bytes bytes, std::string_view owner) : bytes_(bytes), owner_(owner) {}

    // Check that so many bytes are there.
    void need(std::size_t count) const;
    std::uint32_t u8() { return integer(1); }
    std::uint32_t u16() { return integer(2); }
    std::uint32_t u32() { return integer(4); }
    Bytes take(std::size_t count);
    Bytes rest() const { return bytes_; }

private:
    std::uint32_t integer(std::size_t size);

    Bytes bytes_;
    std::string_view owner_;
};

// A file taken apart; what it holds lies in the bytes that it was read from.
struct Container {
    Header header;
    std::vector<Chunk> chunks;

    // The payloads of known chunks, if they are there. An unknown required one is unsupported, a known one that
    // occurs twice corrupted.
    std::vector<std::optional<Bytes>> payloads(std::initializer_list<std::string_view> known) const;
};

// The checksum of a chunk: of its payload, after that of its tag.
std::uint32_t crc32(Bytes bytes, std::uint32_t before);

// Read a whole file; every checksum is verified.
Container read_container(Bytes data);

// The bytes of a chunk that must be there, of a record of `size` bytes and more, whose first is flags of which
// only `flags` have a meaning.
Numbers required(const std::optional<Bytes>& payload, std::string_view tag, std::size_t size, std::uint32_t flags);

// The alpha channel, row by row, of a file that says that it has one, from the payload of its chunk ALPH.
std::vector<std::uint8_t> read_alpha(const Header& header, const std::optional<Bytes>& payload);

}  // namespace selfsame::browser
