// zlib streams (RFC 1950) and what is in them (deflate, RFC 1951).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/grid.hpp"

namespace selfsame::browser {

using Bytes = Row<const std::uint8_t>;

// The checksum of a zlib stream, of what is in it.
std::uint32_t adler32(Bytes data);

// Return the `size` bytes of a zlib stream that is all of `data`; others are corrupted, and `owner` names them.
std::vector<std::uint8_t> inflated(Bytes data, std::size_t size, std::string_view owner);

// The same of a bare deflate stream.
std::vector<std::uint8_t> inflated_bare(Bytes data, std::size_t size, std::string_view owner);

}  // namespace selfsame::browser
