// The browser's module: from the bytes of whole files of all families to codes and to pixels.
#include "browser/drawing/collage.hpp"
#include "browser/drawing/ifs.hpp"
#include "browser/drawing/mosaic.hpp"
#include "browser/files/codes.hpp"
#include "core/fail.hpp"
#include "input.hpp"
#include "tables.hpp"

namespace {

using namespace selfsame;
using namespace selfsame::browser;

// What would only be slow: files may have more.
constexpr std::int64_t kMostPixels = 1 << 14;
constexpr int kMostSide = 24, kMostPoints = 300, kMostFinest = 16, kMostMaps = 4, kMostDepth = 4;

constexpr std::size_t kFirstChunk = 9, kTagBytes = 4, kLengthBytes = 4, kCrcBytes = 4;

std::uint32_t crc32(Row<const std::uint8_t> bytes, std::uint32_t before) {
    std::uint32_t value = ~before;
    for (const std::uint8_t byte : bytes) {
        value ^= byte;
        for (int bit = 0; bit < 8; ++bit) {
            value = value >> 1 ^ (value & 1 ? 0xEDB88320 : 0);
        }
    }
    return ~value;
}

// A file with right checksums: damage then comes to whoever reads the payloads.
std::vector<std::uint8_t> mended(Row<const std::uint8_t> bytes) {
    std::vector<std::uint8_t> file(bytes.begin(), bytes.end());
    for (std::size_t at = kFirstChunk; at + kTagBytes + kLengthBytes + kCrcBytes <= file.size();) {
        std::uint32_t length = 0;
        std::memcpy(&length, &file[at + kTagBytes], kLengthBytes);
        const std::size_t start = at + kTagBytes + kLengthBytes, end = start + length;
        if (end + kCrcBytes > file.size()) {
            break;
        }
        const std::uint32_t crc = crc32(bytes.part(start, length), crc32(bytes.part(at, kTagBytes), 0));
        std::memcpy(&file[end], &crc, kCrcBytes);
        at = end + kCrcBytes;
    }
    return file;
}

void require_pixels(const Picture& picture, int width, int height) {
    fuzz::require(picture.values.size() == std::size_t(width) * height * picture.channels);
    for (const float value : picture.values) {
        fuzz::require(value >= 0 && value <= 1);
    }
}

void draw(const IfsCode& code, fuzz::Input& input) {
    const int width = input.within(1, kMostSide), height = input.within(1, kMostSide);
    const std::uint64_t points = input.within(1, kMostPoints), seed = input.any<std::uint16_t>();
    const int supersample = input.within(1, 3);
    if (code.dimension == 3) {
        const double azimuth = input.number<std::int16_t>(1), elevation = input.within(0, 180) - 90.0;
        const double zoom = input.within(1, 1000) / 100.0;
        require_pixels(draw_space(code, {width, height, azimuth, elevation, zoom, points, supersample, seed}), width,
                       height);
        return;
    }
    const auto mode = static_cast<IfsMode>(input.within(0, 4));
    const int depth = input.within(0, kMostDepth);
    if (code.shape && input.any<std::uint8_t>() % 2 && code.maps <= kMostMaps) {
        require_pixels(draw_leaves(code, width, height, code.viewport, depth), width, height);
    } else {
        require_pixels(draw_points(code, {width, height, code.viewport, mode, points, supersample, seed}), width,
                       height);
    }
}

// A model that the code may have been made with.
CollageModel model_of(const CollageCode& code, fuzz::Input& input) {
    CollageModel model{};
    model.overlap = input.any<std::uint8_t>() % 2 ? 8 : 0;
    model.bound = 0.9f;
    for (int i = 0; i < code.domains; ++i) {
        model.factors.push_back(input.within(2, 4));
    }
    const int luma = code.planes[0].atoms, chroma = code.planes.back().atoms, side = 16 + 2 * model.overlap;
    model.atoms = {luma, chroma};
    for (int kind = 0; kind < 2; ++kind) {
        model.blocks[kind] = input.numbers<float>(std::size_t(model.atoms[kind]) * side * side, 1);
    }
    model.log_steps.resize(3 * (1 + code.domains) + luma + 2 * chroma);
    return model;
}

void draw(const CollageCode& code, const Header& header, fuzz::Input& input) {
    const int width = input.within(1, kMostSide), height = input.within(1, kMostSide);
    if (code.range_size == 16 && code.planes.back().atoms == code.planes[code.planes.size() / 2].atoms) {
        const CollageModel model = model_of(code, input);
        require_pixels(draw_collage(code, model, header.width, header.height, width, height, input.within(0, 3)), width,
                       height);
    }
}

void draw(const MosaicCode& code, fuzz::Input& input) {
    const int width = input.within(1, kMostSide), height = input.within(1, kMostSide);
    if (code.patches.grid << code.patches.levels <= kMostFinest) {
        const Shades picture = draw_mosaic(code, width, height);
        fuzz::require(picture.width == width && picture.height == height);
    }
}

void open(const Container& container, fuzz::Input& options) {
    static const coding::Models blocks =
        fuzz::models(fuzz::kPifsSlots, fuzz::kPifsWeights, pifs::kSlots.count, pifs::kSets.count);
    static const coding::Models collages =
        fuzz::models(fuzz::kCollageSlots, fuzz::kCollageWeights, collage::slot_count(), collage::set_count());
    const Header& header = container.header;
    switch (header.kind) {
        case kIfs:
            draw(read_ifs(container), options);
            break;
        case kPifs:  // `pifs_pixels` draws them
            read_pifs(container, blocks);
            break;
        case kCollage:
            draw(read_collage(container, collages), header, options);
            break;
        case kMosaic:
            draw(read_mosaic(container), options);
    }
}

}  // namespace

// An input is how many bytes of it say how to draw, these bytes, and a file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::size_t wanted = input.any<std::uint8_t>();
    const auto rest = input.rest();
    const std::size_t count = std::min(wanted, rest.size());
    fuzz::Input options(rest.data(), count);
    const auto file = mended(rest.part(count, rest.size() - count));
    try {
        const Container container = read_container({file.data(), file.size()});
        if (std::int64_t(container.header.width) * container.header.height <= kMostPixels) {
            open(container, options);
        }
    } catch (const Failure&) {
    }
    return 0;
}
