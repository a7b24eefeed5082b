#include <cstdint>

#include "browser/files/codes.hpp"
#include "core/fail.hpp"
#include "core/limits.hpp"

namespace selfsame::browser {

namespace {

constexpr std::uint32_t kWithPieces = 1, kMaxGrid = 512, kMaxFinest = 1024;
constexpr std::uint64_t kMaxPiecesPixels = 1 << 26;
constexpr std::size_t kPlaceBytes = 8;

// Planes, each of differences to the left neighbour, as pixels of bytes: grey, or green, and red and blue less green.
std::vector<std::uint8_t> picture_of(Row<std::uint8_t> planes, std::size_t width, std::size_t height, int channels) {
    const std::size_t size = width * height;
    for (std::size_t i = 0; i < planes.size(); ++i) {
        if (i % width) {
            planes[i] = static_cast<std::uint8_t>(planes[i] + planes[i - 1]);
        }
    }
    if (channels == 1) {
        return {planes.begin(), planes.end()};
    }
    std::vector<std::uint8_t> picture(3 * size);
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint8_t green = planes[i];
        picture[3 * i] = static_cast<std::uint8_t>(planes[size + i] + green);
        picture[3 * i + 1] = green;
        picture[3 * i + 2] = static_cast<std::uint8_t>(planes[2 * size + i] + green);
    }
    return picture;
}

void read_pieces(Bytes payload, int channels, MosaicCode& code) {
    Numbers numbers(payload, "chunk PIEC");
    numbers.need(8);
    const std::uint32_t width = numbers.u32(), height = numbers.u32();
    if (std::uint64_t(width) * height > kMaxPiecesPixels) {
        fail(Fault::kLimit, "a second picture has at most ", kMaxPiecesPixels, " pixels: the file claims ", width, "x",
             height);
    }
    if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) {
        fail(Fault::kCorrupted, "the file holds an impossible size of pieces: ", width, "x", height);
    }
    const std::size_t count = code.patches.cells.size(), size = std::size_t(width) * height * channels;
    auto data = inflated(numbers.rest(), kPlaceBytes * count + size, "chunk PIEC");
    Numbers places({data.data(), kPlaceBytes * count}, "chunk PIEC");
    code.pieces.resize(count);
    for (int column = 0; column < 4; ++column) {
        for (auto& piece : code.pieces) {
            piece[column] = static_cast<int>(places.u16());
        }
    }
    for (const auto& [y, x, h, w] : code.pieces) {
        if (h < 1 || w < 1 || std::uint32_t(y + h) > height || std::uint32_t(x + w) > width) {
            fail(Fault::kCorrupted, "the file holds an impossible set of pieces: they must lie within ", width, "x",
                 height, " pixels");
        }
    }
    code.width = static_cast<int>(width), code.height = static_cast<int>(height);
    code.second = picture_of(Row(data.data(), data.size()).part(kPlaceBytes * count, size), width, height, channels);
}

}  // namespace

MosaicCode read_mosaic(const Container& container) {
    const Header& header = container.header;
    if (header.has_alpha()) {
        fail(Fault::kUnsupported, "a mosaic has no alpha: the file claims colour space ", header.color_space);
    }
    const auto payloads = container.payloads({"MOSA", "PIEC"});
    Numbers numbers = required(payloads[0], "MOSA", 6, kWithPieces);
    const std::uint32_t flags = numbers.u8(), levels = numbers.u8(), grid = numbers.u16();
    const std::uint32_t saturation = numbers.u8(), tint = numbers.u8();
    if (grid > 0 && (levels > 10 || grid << levels > kMaxFinest)) {
        fail(Fault::kLimit, "a mosaic has at most ", kMaxFinest, " patches along a side: the file claims ", grid,
             " times 2 ** ", levels);
    }
    if (grid < 2 || grid > kMaxGrid || levels > mosaic::kMaxLevels) {
        fail(Fault::kCorrupted, "the file holds an impossible layout of patches: grid ", grid, ", levels ", levels);
    }
    MosaicCode code{};
    code.saturation = static_cast<int>(saturation);
    code.patches.grid = static_cast<int>(grid), code.patches.levels = static_cast<int>(levels);
    code.patches.tint = static_cast<int>(tint), code.patches.channels = header.channels();
    if (!mosaic::read_patches(numbers.rest(), code.patches)) {
        fail(Fault::kCorrupted, "the patches of the picture are damaged");
    }
    if (bool(flags & kWithPieces) != payloads[1].has_value()) {
        fail(Fault::kCorrupted, "chunk PIEC must be there exactly if chunk MOSA says so");
    }
    if (payloads[1]) {
        read_pieces(*payloads[1], header.channels(), code);
    }
    return code;
}

}  // namespace selfsame::browser
