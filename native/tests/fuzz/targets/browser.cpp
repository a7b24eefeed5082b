// The browser's module: from the bytes of whole files of all families to codes and to pixels.
#include <string_view>

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
constexpr std::int64_t kMostPixels = 1 << 13;
constexpr int kMostSide = 24, kMostPoints = 300, kMostFinest = 16, kMostMaps = 4, kMostDepth = 4;

constexpr std::size_t kFirstChunk = 9, kTagBytes = 4, kLengthBytes = 4, kCrcBytes = 4;

// Add integers of 32 bits, or bytes.
void add(std::vector<std::uint8_t>& to, std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) {
        to.push_back(static_cast<std::uint8_t>(number >> shift));
    }
}
void add(std::vector<std::uint8_t>& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// What zlib makes of bytes, fewer than 65536, at level 0.
std::vector<std::uint8_t> stored(Bytes bytes) {
    std::vector<std::uint8_t> stream = {0x78, 0x01, 0x01};
    add(stream, static_cast<std::uint32_t>(bytes.size() | ~bytes.size() << 16));
    add(stream, bytes);
    const std::uint32_t sum = adler32(bytes);
    for (int shift = 24; shift >= 0; shift -= 8) {
        stream.push_back(static_cast<std::uint8_t>(sum >> shift));
    }
    return stream;
}

// A file with right checksums: damage then comes to whoever reads the payloads. If `is_plain`, what are zlib streams in
// files is there as it is in them.
std::vector<std::uint8_t> mended(Bytes bytes, bool is_plain) {
    constexpr std::size_t kHead = kTagBytes + kLengthBytes, kPiecesHead = 8;
    std::vector<std::uint8_t> file;
    std::size_t at = std::min(kFirstChunk, bytes.size());
    add(file, bytes.part(0, at));
    while (at + kHead + kCrcBytes <= bytes.size()) {
        std::uint32_t length = 0;
        std::memcpy(&length, bytes.data() + at + kTagBytes, kLengthBytes);
        if (length > bytes.size() - at - kHead - kCrcBytes) {
            break;
        }
        const Bytes tag = bytes.part(at, kTagBytes), held = bytes.part(at + kHead, length);
        const std::string_view name(reinterpret_cast<const char*>(tag.data()), kTagBytes);
        std::vector<std::uint8_t> payload(held.begin(), held.end());
        if (const std::size_t start = name == "PIEC" ? kPiecesHead : 0;
            is_plain && (start || name == "ALPH") && start <= length) {
            payload.resize(start);
            add(payload, fuzz::row(stored(held.part(start, length - start))));
        }
        add(file, tag);
        add(file, static_cast<std::uint32_t>(payload.size()));
        add(file, fuzz::row(payload));
        add(file, crc32(fuzz::row(payload), crc32(tag, 0)));
        at += kHead + length + kCrcBytes;
    }
    add(file, bytes.part(at, bytes.size() - at));
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
            break;
        case kGrid:
            read_grid(container, collages);
    }
}

}  // namespace

// An input is how many bytes of it say how to draw, and 128 if the file is plain; these bytes; and the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const int first = input.any<std::uint8_t>();
    const auto rest = input.rest();
    const std::size_t count = std::min<std::size_t>(first & 127, rest.size());
    fuzz::Input options(rest.data(), count);
    const auto file = mended(rest.part(count, rest.size() - count), first & 128);
    try {
        const Container container = read_container(fuzz::row(file));
        if (std::int64_t(container.header.width) * container.header.height <= kMostPixels) {
            open(container, options);
        }
    } catch (const Failure&) {
    }
    return 0;
}
