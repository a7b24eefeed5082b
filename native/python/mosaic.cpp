#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "core/blocks.hpp"
#include "mosaic/drawing.hpp"
#include "mosaic/syntax.hpp"
#include "python/coding.hpp"

namespace selfsame::python {

namespace {

constexpr int kMostSamples = 64;  // of a pixel along each axis

mosaic::Patches empty(int grid, int levels, int tint, int channels) {
    require(levels >= 0 && levels <= mosaic::kMaxLevels && grid >= 1 && grid <= mosaic::kMaxFinest >> levels &&
                tint >= 0 && tint <= mosaic::kMaxTint && (channels == 1 || channels == 3),
            "no such layout of patches");
    mosaic::Patches patches{};
    patches.grid = grid, patches.levels = levels, patches.tint = tint, patches.channels = channels;
    return patches;
}

// Cells, isometries, contrasts, means, slopes.
using PatchArrays = std::tuple<NewArray<std::int32_t>, NewArray<std::uint8_t>, NewArray<std::uint8_t>,
                               NewArray<std::uint8_t>, NewArray<std::int8_t>>;

std::optional<PatchArrays> read_patches(const nb::bytes& data, int grid, int levels, int tint, int channels) {
    auto patches = empty(grid, levels, tint, channels);
    {
        const auto bytes = bytes_of(data);
        const nb::gil_scoped_release released;
        if (!mosaic::read_patches(bytes, patches)) {
            return std::nullopt;
        }
    }
    const std::size_t count = patches.cells.size(), width = channels;
    return PatchArrays(own<std::int32_t>(std::move(patches.cells), {count, 3}),
                       own<std::uint8_t>(std::move(patches.isometries), {count}),
                       own<std::uint8_t>(std::move(patches.contrasts), {count}),
                       own<std::uint8_t>(std::move(patches.means), {count, width}),
                       own<std::int8_t>(std::move(patches.slopes), {count, width, 2}));
}

std::pair<nb::bytes, std::vector<double>> write_patches(
    int grid, int levels, int tint, const Array<std::int32_t, 2>& cells,
    const Array<std::uint8_t, 1>& isometries, const Array<std::uint8_t, 1>& contrasts,
    const Array<std::uint8_t, 2>& means, const Array<std::int8_t, 3>& slopes) {
    auto patches = empty(grid, levels, tint, static_cast<int>(means.shape(1)));
    const std::size_t count = cells.shape(0);
    const Row all = structures<mosaic::Cell>(cells);
    require(isometries.size() == count && contrasts.size() == count && means.shape(0) == count &&
                slopes.size() == means.size() * 2,
            "arrays of patches of different lengths");
    const auto is_up_to = [](int most) { return [=](std::uint8_t value) { return value <= most; }; };
    require(std::ranges::all_of(row(isometries), is_up_to(kIsometries - 1)) &&
                std::ranges::all_of(row(contrasts), is_up_to(mosaic::kMaxContrast)),
            "an isometry or a contrast that a file does not hold");
    patches.cells.assign(all.begin(), all.end());
    const auto fill = [](auto& vector, const auto& array) {
        vector.assign(array.data(), array.data() + array.size());
    };
    fill(patches.isometries, isometries);
    fill(patches.contrasts, contrasts);
    fill(patches.means, means);
    fill(patches.slopes, slopes);
    std::optional<mosaic::Written> written;
    {
        const nb::gil_scoped_release released;
        written = mosaic::write_patches(std::move(patches));
    }
    require(written.has_value(), "the patches are not those of a tree, in its order, or a slope is beyond their range");
    return {nb::bytes(written->bytes.data(), written->bytes.size()), written->spent};
}

template <typename T>
mosaic::Picture<T> picture(const nb::ndarray<T, nb::numpy, nb::ndim<3>, nb::c_contig, nb::device::cpu>& array) {
    return {flat(array), static_cast<int>(array.shape(2))};
}

void paint(const Target<std::uint8_t, 3>& band, std::int64_t first, const Array<std::int64_t, 2>& corners,
           const Array<std::uint8_t, 1>& isometries, const Array<float, 3>& base, const Array<float, 3>& maps,
           const Array<std::uint8_t, 3>& copy, int threads) {
    const std::size_t count = corners.shape(0), channels = copy.shape(2);
    require(corners.shape(1) == 2 && isometries.size() == count && base.shape(0) == count && base.shape(1) == 3 &&
                base.shape(2) == channels && maps.shape(0) == count && maps.shape(1) == channels &&
                maps.shape(2) == channels && band.shape(2) == channels && (channels == 1 || channels == 3),
            "arrays of patches of different lengths");
    require(is_place(first) && std::ranges::all_of(Row(data_of(corners), corners.size()), is_place) &&
                copy.shape(0) <= kMostSide && copy.shape(1) <= kMostSide,
            "places or sides beyond any picture's");
    const mosaic::Places places{grid(corners), row(isometries), flat(base), flat(maps)};
    const nb::gil_scoped_release released;
    mosaic::paint(picture(band), first, places, picture(copy), threads);
}

void view(const Target<std::uint8_t, 3>& frame, double left, double top, double extent, int gate,
          const Array<std::int32_t, 2>& patch_map, const Array<double, 2>& rects,
          const Array<std::uint8_t, 1>& isometries, const Array<double, 3>& base, const Array<double, 3>& maps,
          const Array<float, 2>& stored, const Array<std::int64_t, 2>& levels, int samples, int threads) {
    const std::size_t channels = frame.shape(2), count = rects.shape(0);
    require((channels == 1 || channels == 3) && rects.shape(1) == 4 && levels.shape(1) == 3 &&
                levels.shape(0) > 0 && isometries.size() == count && base.shape(0) == count + 1 &&
                base.shape(1) == 3 && base.shape(2) == channels && maps.shape(0) == count + 1 &&
                maps.shape(1) == channels && maps.shape(2) == channels && stored.shape(1) == channels &&
                patch_map.shape(0) == patch_map.shape(1) && patch_map.shape(0) > 0,
            "arrays of a mosaic of different lengths");
    for (const auto& [offset, height, width] : structures<std::array<std::int64_t, 3>>(levels)) {
        require(offset >= 0 && is_side(height) && is_side(width) &&
                    offset <= static_cast<std::int64_t>(stored.shape(0)) - height * width,
                "a level outside of the stored pixels");
    }
    for (const std::int32_t patch : Row(data_of(patch_map), patch_map.size())) {
        require(patch >= 0 && static_cast<std::size_t>(patch) < count, "no such patch");
    }
    require(samples >= 1 && samples <= kMostSamples && frame.shape(0) <= kMostSide && frame.shape(1) <= kMostSide,
            "no such frame, or no such number of samples");
    const mosaic::Address address{grid(patch_map), grid(rects),  row(isometries), flat(base),
                                  flat(maps),      grid(stored), grid(levels)};
    const nb::gil_scoped_release released;
    mosaic::view(picture(frame), {left, top, extent, gate}, address, samples, threads);
}

}  // namespace

void bind_mosaic(nb::module_ module) {
    module.def("read_patches", &read_patches, nb::arg("data"), nb::arg("grid"), nb::arg("levels"),
               nb::arg("tint"), nb::arg("channels"),
               "Return cells, isometries, contrasts, means and slopes, or None for a damaged stream.");
    module.def("write_patches", &write_patches, nb::arg("grid"), nb::arg("levels"), nb::arg("tint"),
               nb::arg("cells"), nb::arg("isometries"), nb::arg("contrasts"), nb::arg("means"),
               nb::arg("slopes"), "Return the stream of patches, and bits by syntax element.");
    module.def("paint", &paint, nb::arg("band").noconvert(), nb::arg("first"), nb::arg("corners"),
               nb::arg("isometries"), nb::arg("base"), nb::arg("maps"), nb::arg("copy"), nb::arg("threads"),
               "Paint a copy into patches of a band, whose row 0 is row ``first`` of the picture.");
    module.def("view", &view, nb::arg("frame").noconvert(), nb::arg("left"), nb::arg("top"),
               nb::arg("extent"), nb::arg("gate"), nb::arg("patch_map"), nb::arg("rects"),
               nb::arg("isometries"), nb::arg("base"), nb::arg("maps"), nb::arg("stored"), nb::arg("levels"),
               nb::arg("samples"), nb::arg("threads"), "Fill a frame with a window of a mosaic.");
}

}  // namespace selfsame::python
