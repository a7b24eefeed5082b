// The functions of the browser's module, which web/selfsame.mjs calls. An instance holds one file and its code:
// what a damaged file does to it does nothing to others, and its memory goes with it.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "browser/drawing/collage.hpp"
#include "browser/drawing/ifs.hpp"
#include "browser/drawing/mosaic.hpp"
#include "browser/files/codes.hpp"
#include "browser/files/models.hpp"
#include "browser/listing.hpp"
#include "collage/syntax.hpp"
#include "core/fail.hpp"
#include "pifs/decode.hpp"

#define SELFSAME_EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace selfsame::browser {

namespace {

struct State {
    std::vector<std::unique_ptr<std::uint8_t[]>> inputs;  // files and tables, which codes point into
    Container container;
    std::variant<std::monostate, IfsCode, PifsCode, CollageCode, MosaicCode, GridCode> code;
    Listing listing;
    std::optional<CollageModel> model;   // of a collage
    std::optional<MosaicViewer> viewer;  // of a mosaic
    std::vector<std::uint8_t> pixels;    // of the last picture: red, green, blue, alpha
};

State& state() {
    static State held;
    return held;
}

// Turn numbers in [0, 1], grey or sRGB and perhaps alpha, into pixels.
const std::uint8_t* shown(const Picture& picture) {
    const auto& [values, channels] = picture;
    auto& pixels = state().pixels;
    const std::size_t count = values.size() / channels;
    const bool is_grey = channels < 3, has_alpha = channels % 2 == 0;
    pixels.resize(4 * count);
    for (std::size_t i = 0; i < count; ++i) {
        const float* from = values.data() + i * channels;
        std::uint8_t* to = &pixels[4 * i];
        for (int c = 0; c < 3; ++c) {
            to[c] = static_cast<std::uint8_t>(from[is_grey ? 0 : c] * 255 + 0.5f);
        }
        to[3] = has_alpha ? static_cast<std::uint8_t>(from[channels - 1] * 255 + 0.5f) : 255;
    }
    return pixels.data();
}

// The same of bytes, grey or sRGB.
const std::uint8_t* shown(const Shades& picture) {
    auto& pixels = state().pixels;
    const std::size_t count = std::size_t(picture.width) * picture.height;
    pixels.resize(4 * count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t* from = &picture.values[i * picture.channels];
        for (int c = 0; c < 3; ++c) {
            pixels[4 * i + c] = from[picture.channels == 1 ? 0 : c];
        }
        pixels[4 * i + 3] = 255;
    }
    return pixels.data();
}

template <typename Code>
const Code& held() {
    const auto* code = std::get_if<Code>(&state().code);
    check(code);
    return *code;
}

}  // namespace

// Return memory for `size` bytes of a file that the page is to fill in.
SELFSAME_EXPORT(reserve) std::uint8_t* reserve(std::size_t size) {
    return state().inputs.emplace_back(std::make_unique_for_overwrite<std::uint8_t[]>(size)).get();
}

// Read the container of a file, and return the number of its kind.
SELFSAME_EXPORT(read) int read(const std::uint8_t* file, std::size_t size) {
    state().container = read_container({file, size});
    const int kind = state().container.header.kind;
    if (kind < kIfs || kind > kGrid) {
        fail(Fault::kUnsupported, "the file holds a code of kind ", kind, ", which this build does not know");
    }
    return kind;
}

// Read the code in the container; `tables` are those of its family, if it has any.
SELFSAME_EXPORT(unpack) void unpack(const std::uint8_t* tables, std::size_t size) {
    auto& container = state().container;
    auto& code = state().code;
    auto& listing = state().listing;
    const auto& header = container.header;
    listing.number("width", header.width);
    listing.number("height", header.height);
    listing.number("channels", header.channels());
    const Bytes bytes(tables, size);
    switch (header.kind) {
        case kIfs:
            code = read_ifs(container);
            break;
        case kPifs:
            code = read_pifs(container, read_models(bytes, pifs::kSlots.count, pifs::kSets.count));
            break;
        case kCollage:
            code = read_collage(container, read_models(bytes, collage::slot_count(), collage::set_count()));
            break;
        case kMosaic:
            code = read_mosaic(container);
            break;
        default:
            code = read_grid(container, read_models(bytes, collage::slot_count(), collage::set_count()));
    }
    std::visit(
        [&](const auto& read) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(read)>, std::monostate>) {
                listing.add(read);
            }
        },
        code);
}

// The numbers of the code.
SELFSAME_EXPORT(fields) const Listing::Field* fields() { return state().listing.fields().data(); }
SELFSAME_EXPORT(field_count) std::size_t field_count() { return state().listing.fields().size(); }

// Return the pixels of a planar system's points; see IfsOptions. As everywhere, the page has checked the arguments;
// points and seed are whole numbers.
SELFSAME_EXPORT(draw_points)
const std::uint8_t* draw_points(int width, int height, double x_min, double y_min, double x_max, double y_max, int mode,
                                double points, int supersample, double seed) {
    const auto picture = draw_points(held<IfsCode>(), {width,
                                                       height,
                                                       {x_min, y_min, x_max, y_max},
                                                       static_cast<IfsMode>(mode),
                                                       static_cast<std::uint64_t>(points),
                                                       supersample,
                                                       static_cast<std::uint64_t>(seed)});
    return shown(picture);
}

// Return the pixels of a planar system's primitive at the leaves of a recursion.
SELFSAME_EXPORT(draw_leaves)
const std::uint8_t* draw_leaves(int width, int height, double x_min, double y_min, double x_max, double y_max,
                                int depth) {
    return shown(draw_leaves(held<IfsCode>(), width, height, {x_min, y_min, x_max, y_max}, depth));
}

// Return the pixels of a view of a system of space.
SELFSAME_EXPORT(draw_space)
const std::uint8_t* draw_space(int width, int height, double azimuth, double elevation, double zoom, double points,
                               int supersample, double seed) {
    return shown(draw_space(held<IfsCode>(),
                            {width, height, azimuth, elevation, zoom, static_cast<std::uint64_t>(points), supersample,
                             static_cast<std::uint64_t>(seed)}));
}

// Return the pixels of a block code; see pifs::Sampling.
SELFSAME_EXPORT(decode_pifs)
const std::uint8_t* decode_pifs(int left, int top, int right, int bottom, int grid, int width, int height,
                                bool is_whole_scale, int iterations) {
    const auto& code = held<PifsCode>();
    const auto& sides = code.sides[0];
    std::vector<pifs::PlaneCode> planes;
    for (std::size_t i = 0; i < code.planes.size(); ++i) {
        const auto& [blocks, maps, levels] = code.planes[i];
        const auto size = padded(sides, static_cast<int>(i), code.half_chroma);
        planes.push_back({code.sides[i].height, code.sides[i].width, code.steps[i], Row(blocks.data(), blocks.size()),
                          Row(maps.data(), maps.size()),
                          Grid(levels.data(), std::size_t(size.height), std::size_t(size.width))});
    }
    const bool has_alpha = !code.alpha.empty();
    const Grid alpha(code.alpha.data(), has_alpha ? sides.height : 0, sides.width);
    const int channels = static_cast<int>(planes.size()) + has_alpha;
    Picture picture{std::vector<float>(std::size_t(width) * height * channels), channels};
    pifs::decode({planes, code.half_chroma, code.deblock, alpha},
                 {left, top, right, bottom, grid, width, height, is_whole_scale}, iterations, {},
                 Grid(picture.values.data(), std::size_t(height), std::size_t(width) * channels), 1);
    return shown(picture);
}

// Take the model of a collage; see read_collage_model.
SELFSAME_EXPORT(use_model)
void use_model(const float* numbers, std::size_t count, const std::uint8_t* shape, std::size_t shape_size) {
    state().model = read_collage_model({numbers, count}, {shape, shape_size}, held<CollageCode>());
}

// Return the pixels of a collage; its model was given.
SELFSAME_EXPORT(draw_collage) const std::uint8_t* draw_collage(int width, int height, int iterations) {
    const auto& header = state().container.header;
    check(state().model.has_value());
    return shown(draw_collage(held<CollageCode>(), *state().model, header.width, header.height, width, height,
                              iterations));
}

// Return the pixels of a mosaic.
SELFSAME_EXPORT(draw_mosaic) const std::uint8_t* draw_mosaic(int width, int height) {
    return shown(draw_mosaic(held<MosaicCode>(), width, height));
}

// Return the pixels of a window of a mosaic of copies of itself; see MosaicViewer.
SELFSAME_EXPORT(view_mosaic)
const std::uint8_t* view_mosaic(int width, int height, double left, double top, double extent) {
    auto& [header, chunks] = state().container;
    auto& viewer = state().viewer;
    if (!viewer) {
        viewer.emplace(held<MosaicCode>(), header.width, header.height);
    }
    return shown(viewer->window(width, height, left, top, extent));
}

}  // namespace selfsame::browser
