#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "pifs/attractor.hpp"
#include "pifs/contraction.hpp"
#include "pifs/dct.hpp"
#include "pifs/deblock.hpp"
#include "pifs/decode.hpp"
#include "pifs/near.hpp"
#include "pifs/partition.hpp"
#include "pifs/region.hpp"
#include "pifs/search.hpp"
#include "pifs/transform.hpp"
#include "python/coding.hpp"
#include "python/pifs.hpp"

namespace selfsame::python {

void bind_pifs_stream(nb::module_ module);

namespace {

using Plane = Target<float, 2>;

constexpr int kMostSamples = 64;  // per pixel of a plane, in either direction
constexpr std::size_t kMostDomains = 0x7FFFFFFF;

bool are_places(const Ints& places) {
    return std::ranges::all_of(Row(data_of(places), places.size()), is_place);
}
bool is_count(int iterations) { return iterations >= 0 && iterations <= pifs::kMaxIterations; }
bool is_samples(int scale) { return scale >= 1 && scale <= kMostSamples; }

// Luma for a plane of so many columns.
std::optional<pifs::Luma> luma_of(const std::optional<Floats>& luma, std::size_t width) {
    if (!luma) {
        return std::nullopt;
    }
    const std::size_t ratio = luma->shape(1) / std::max<std::size_t>(width, 1);
    require(ratio == 1 || ratio == 2, "luma is as wide as the plane, or twice");
    return pifs::Luma{grid(*luma), static_cast<int>(ratio)};
}

// Adaptive models of block codes and the class of a plane.
pifs::CostTables tables_of(const Slots& slots, int chroma) {
    require(slots.size() == pifs::kSlots.count && (chroma == 0 || chroma == 1), "models of another syntax");
    return {row(slots), chroma};
}

// A new array for the results of a function.
class Result {
public:
    Result(std::size_t height, std::size_t width) : height_(height), width_(width), values_(height * width) {}
    Grid<float> grid() { return {values_.data(), height_, width_}; }
    NewArray<float> taken() { return own<float>(std::move(values_), {height_, width_}); }

private:
    std::size_t height_, width_;
    Zeros<float> values_;
};

NewArray<float> inverse_dct(const Ints& levels, const Ints& blocks, float step, int scale, int threads) {
    require(is_samples(scale), "a plane has 1 to 64 samples per pixel");
    Result result(levels.shape(0) * scale, levels.shape(1) * scale);
    {
        const auto rows = blocks_of(blocks, levels);
        const nb::gil_scoped_release released;
        pifs::inverse_dct(grid(levels), rows, step, pifs::Basis(scale), result.grid(), threads);
    }
    return result.taken();
}

void iterate(const Plane& x, const Ints& blocks, const Ints& maps, int scale, const std::optional<Floats>& luma,
             const std::optional<Floats>& start, int count, int threads) {
    require(is_samples(scale) && is_count(count), "a plane has 1 to 64 samples per pixel, and is drawn 0 to 64 times");
    const auto samples = static_cast<std::size_t>(scale);
    const auto rows = blocks_of(blocks, x.shape(0) / samples, x.shape(1) / samples);
    const auto all = maps_of(maps, rows.size());
    const nb::gil_scoped_release released;
    std::optional<Grid<const float>> first;
    if (start) {
        first = grid(*start);
    }
    pifs::iterate(grid(x), rows, all, scale, luma_of(luma, x.shape(1)), first, count, threads);
}

void subtract_maps(const Plane& residual, const Floats& x, const Ints& blocks, const Ints& maps,
                   const std::optional<Floats>& luma, int threads) {
    const auto rows = blocks_of(blocks, x);
    const auto all = maps_of(maps, rows.size());
    const nb::gil_scoped_release released;
    pifs::MappedBlocks mapped(rows, all, 1, luma_of(luma, x.shape(1)));
    mapped.apply(grid(x), threads);
    mapped.subtract_from(grid(residual), threads);
}

std::vector<std::int32_t> owners_of(Row<const pifs::Block> blocks, std::size_t height, std::size_t width) {
    std::vector<std::int32_t> owners((height >> 2) * (width >> 2), -1);
    pifs::fill_owners(blocks, Grid(owners.data(), height >> 2, width >> 2));
    return owners;
}

void deblock(const Plane& x, const Ints& levels, const Ints& blocks, const Ints& maps, float step, int strength,
             int scale, int threads) {
    require(is_samples(scale) && strength >= 1 && strength <= 7,
            "a plane has 1 to 64 samples per pixel, and the strength is 1 to 7");
    const auto rows = blocks_of(blocks, levels);
    const auto all = maps_of(maps, rows.size());
    const nb::gil_scoped_release released;
    const auto owners = owners_of(rows, levels.shape(0), levels.shape(1));
    const Grid cells(owners.data(), levels.shape(0) >> 2, levels.shape(1) >> 2);
    pifs::deblock(grid(x), grid(levels), rows, all, cells, step, strength, scale, threads);
}

bool tiles(const Ints& blocks, std::int64_t height, std::int64_t width) {
    require(is_side(height) && is_side(width), "no such sides of a plane");
    const auto rows = blocks_of(blocks, height, width);
    const nb::gil_scoped_release released;
    return pifs::tiles(rows, height >> 2, width >> 2);
}

std::pair<NewArray<std::int32_t>, NewArray<std::int32_t>> partition(
    const Floats& pixels, const Floats& reference, const std::optional<Floats>& luma,
    const std::vector<std::pair<int, Array<std::int32_t, 3>>>& candidates, const Slots& slots, int chroma,
    float inverse_step, double bit_price, int last, int threads, pifs::Shapes shapes) {
    pifs::Partition result;
    {
        std::vector<pifs::Candidates> all;
        for (const auto& [log2, maps] : candidates) {
            require(maps.shape(2) == 5, "maps are (rows, columns, 5)");
            const Grid own(reinterpret_cast<const pifs::Map*>(data_of(maps)), maps.shape(0), maps.shape(1));
            const Row<const pifs::Map> every(own.data(), own.height() * own.width());
            require(luma || std::ranges::none_of(every, [](const auto& map) { return map.kind == pifs::kLuma; }),
                    "a map draws from luma, and there is none");
            all.push_back({log2, own});
        }
        require(pixels.shape(0) % 4 == 0 && pixels.shape(1) % 4 == 0, "sides of planes are multiples of 4");
        const nb::gil_scoped_release released;
        const auto tables = tables_of(slots, chroma);
        result = pifs::cheapest_partition(grid(pixels), grid(reference), luma_of(luma, pixels.shape(1)), all,
                                          tables, {inverse_step, bit_price, last}, shapes, threads);
        const Row<const pifs::Block> blocks(result.blocks.data(), result.blocks.size());
        const auto owners = owners_of(blocks, pixels.shape(0), pixels.shape(1));
        pifs::make_contractive(blocks, Row(result.maps.data(), result.maps.size()),
                               Grid(owners.data(), pixels.shape(0) >> 2, pixels.shape(1) >> 2));
    }
    const std::size_t count = result.blocks.size();
    return {own<std::int32_t>(std::move(result.blocks), {count, 4}),
            own<std::int32_t>(std::move(result.maps), {count, 5})};
}

void transform_blocks(const Plane& x, const Ints& blocks, float factor, int threads) {
    const auto rows = blocks_of(blocks, x.shape(0), x.shape(1));
    const nb::gil_scoped_release released;
    pifs::transform_blocks(grid(x), rows, factor, threads);
}

int settle(const Plane& x, const Ints& blocks, const Ints& maps, const std::optional<Floats>& luma,
           int threads) {
    const auto rows = blocks_of(blocks, x.shape(0), x.shape(1));
    const auto all = maps_of(maps, rows.size());
    const nb::gil_scoped_release released;
    return pifs::settle(grid(x), rows, all, luma_of(luma, x.shape(1)), threads);
}

NewArray<double> contraction_bounds(const Ints& blocks, const Ints& maps, std::int64_t height,
                                    std::int64_t width) {
    require(is_side(height) && is_side(width), "no such sides of a plane");
    std::vector<double> bounds;
    {
        const nb::gil_scoped_release released;
        const auto rows = blocks_of(blocks, height, width);
        const auto all = sound_maps_of(maps, rows, height, width);
        const auto owners = owners_of(rows, height, width);
        bounds = pifs::contraction_bounds(rows, all, Grid(owners.data(), height >> 2, width >> 2));
    }
    const std::size_t count = bounds.size();
    return own<double>(std::move(bounds), {count});
}

NewArray<std::int32_t> contractive_maps(const Ints& blocks, const Ints& maps, std::int64_t height,
                                        std::int64_t width) {
    require(is_side(height) && is_side(width), "no such sides of a plane");
    std::vector<pifs::Map> lowered;
    {
        const nb::gil_scoped_release released;
        const auto rows = blocks_of(blocks, height, width);
        const auto all = sound_maps_of(maps, rows, height, width);
        const auto owners = owners_of(rows, height, width);
        lowered.assign(all.begin(), all.end());
        pifs::make_contractive(rows, Row(lowered.data(), lowered.size()),
                               Grid(owners.data(), height >> 2, width >> 2));
    }
    const std::size_t count = lowered.size();
    return own<std::int32_t>(std::move(lowered), {count, 5});
}

// levels, blocks, maps, step, height, width
using PlaneArrays = std::tuple<Ints, Ints, Ints, float, int, int>;
// left, top, right, bottom, in pixels of the picture
using Region = std::tuple<int, int, int, int>;

std::vector<pifs::PlaneCode> planes_of(const std::vector<PlaneArrays>& planes) {
    std::vector<pifs::PlaneCode> codes;
    for (const auto& [levels, blocks, maps, step, height, width] : planes) {
        const auto rows = blocks_of(blocks, levels);
        const auto all = sound_maps_of(maps, rows, levels.shape(0), levels.shape(1));
        require(is_side(height) && is_side(width) && static_cast<std::size_t>(height) <= levels.shape(0) &&
                    static_cast<std::size_t>(width) <= levels.shape(1),
                "a plane is larger than its levels");
        codes.push_back({height, width, step, rows, all, grid(levels)});
    }
    require(codes.size() == 1 || codes.size() == 3, "planes are 1 or 3");
    return codes;
}

pifs::Sampling sampling_of(const Region& region, int samples, std::pair<int, int> size, bool is_whole_scale,
                           int iterations) {
    const auto [left, top, right, bottom] = region;
    require(is_samples(samples) && is_count(iterations) && left >= 0 && left < right && is_side(right) && top >= 0 && top < bottom &&
                is_side(bottom) && is_side(size.first) && is_side(size.second),
            "no such part of a picture, more than 64 samples per pixel, or more than 64 iterations");
    return {left, top, right, bottom, samples, size.first, size.second, is_whole_scale};
}

template <typename Sample>
void decode(const std::vector<PlaneArrays>& planes, bool half_chroma, int deblock,
            const std::optional<Array<std::uint8_t, 2>>& alpha, const Region& region, int samples,
            bool is_whole_scale, int iterations, const std::vector<Floats>& starts, const Target<Sample, 3>& out,
            int threads) {
    const auto codes = planes_of(planes);
    std::vector<Grid<const float>> grids;
    for (const auto& start : starts) {
        grids.push_back(grid(start));
    }
    require((grids.empty() || grids.size() == codes.size()) && out.shape(2) == codes.size() + (alpha ? 1 : 0),
            "starts and channels are as many as planes");
    require(out.shape(0) <= kMostSide && out.shape(1) <= kMostSide && deblock >= 0 && deblock <= 7,
            "a picture beyond any size, or deblocking beyond 7");
    const pifs::PictureCode code{codes, half_chroma, deblock, alpha ? grid(*alpha) : Grid<const std::uint8_t>()};
    const std::pair size(static_cast<int>(out.shape(1)), static_cast<int>(out.shape(0)));
    const auto sampling = sampling_of(region, samples, size, is_whole_scale, iterations);
    const nb::gil_scoped_release released;
    pifs::decode(code, sampling, iterations, grids, flat(out), threads);
}

std::vector<int> bands_seen(const std::vector<PlaneArrays>& planes, bool half_chroma, int deblock,
                            const Region& region, int samples, std::pair<int, int> size, bool is_whole_scale,
                            int iterations, int rows) {
    require(rows >= 1, "bands have rows");
    const auto codes = planes_of(planes);
    const pifs::PictureCode code{codes, half_chroma, deblock, {}};
    const auto sampling = sampling_of(region, samples, size, is_whole_scale, iterations);
    const nb::gil_scoped_release released;
    return pifs::bands_seen(code, sampling, iterations, rows);
}

NewArray<float> block_costs(const Floats& pixels, int log2_height, int log2_width, const Slots& slots,
                            int chroma, float inverse_step, double bit_price, int last) {
    require(is_log2(log2_height) && is_log2(log2_width) && std::abs(log2_height - log2_width) <= 1,
            "no such shape of blocks");
    const std::size_t rows = pixels.shape(0) >> log2_height, columns = pixels.shape(1) >> log2_width;
    Result result(rows, columns);
    {
        const nb::gil_scoped_release released;
        const auto tables = tables_of(slots, chroma);
        pifs::shape_costs(grid(pixels), log2_height, log2_width, tables, {inverse_step, bit_price, last},
                          result.grid());
    }
    return result.taken();
}

void keep_best(const Array<float, 3>& products, int start, const Array<float, 1>& reach,
               const Array<float, 1>& penalty, const Ints& corners, const Ints& ranges, int apart,
               const Target<float, 2>& gains, const Target<std::int32_t, 2>& found) {
    const std::size_t width = products.shape(2);
    require(reach.size() == width && penalty.size() == width && corners.shape(0) == width &&
                corners.shape(1) == 2 && ranges.shape(0) == gains.shape(0) && ranges.shape(1) == 2 &&
                found.shape(0) == gains.shape(0) && found.shape(1) == gains.shape(1) && gains.size() > 0 &&
                (products.shape(0) == 1 || products.shape(0) == pifs::kClasses),
            "arrays of a tile of different lengths");
    require(start >= 0 && width <= kMostDomains - static_cast<std::size_t>(start) && are_places(corners) &&
                are_places(ranges),
            "places or numbers of domains beyond any plane");
    const Grid all(data_of(products), products.shape(0) * products.shape(1), width);
    const nb::gil_scoped_release released;
    pifs::keep_best(all, static_cast<int>(products.shape(0)),
                    {start, row(reach), row(penalty), grid(corners)}, grid(ranges), apart,
                    {grid(gains), grid(found)});
}

void measure(const Floats& ranges, const Floats& domains, int side, int contraction, float max_scale, float flat_norm,
             const Ints& own, const Array<std::int32_t, 3>& corners, const Ints& orders,
             const Target<std::int32_t, 2>& turn, const Target<float, 2>& scale, const Target<float, 2>& gain) {
    require(side >= 4 && side <= 1 << pifs::kMaxLog2 && side % 4 == 0 && (contraction == 1 || contraction == 2 || contraction == 4) &&
                max_scale >= 0,
            "no such blocks, or no such maps of them");
    require(orders.shape(1) == static_cast<std::size_t>(side) * side && own.shape(1) == 2 &&
                corners.shape(0) == own.shape(0) && corners.shape(2) == 2 && turn.shape(0) == own.shape(0) &&
                scale.shape(0) == own.shape(0) && gain.shape(0) == own.shape(0) &&
                turn.shape(1) == corners.shape(1) && scale.shape(1) == corners.shape(1) &&
                gain.shape(1) == corners.shape(1),
            "arrays of matches of different lengths");
    for (const std::int32_t place : Row(data_of(orders), orders.size())) {
        require(place >= 0 && place < side * side, "an isometry leads out of the block");
    }
    const nb::gil_scoped_release released;
    pifs::measure(grid(ranges), grid(domains), {side, contraction, max_scale, flat_norm, grid(orders)}, grid(own),
                  flat(corners), grid(turn), grid(scale), grid(gain));
}

NewArray<std::int32_t> near_maps(const Floats& ranges, const Floats& domains, int log2, int reach,
                                 double bit_price, int threads) {
    require(is_log2(log2) && is_place(reach), "no such size of blocks, or a reach beyond any plane");
    std::vector<pifs::Map> maps;
    {
        const nb::gil_scoped_release released;
        maps = pifs::near_maps(grid(ranges), grid(domains), log2, reach, bit_price, threads);
    }
    return own<std::int32_t>(std::move(maps), {ranges.shape(0) >> log2, ranges.shape(1) >> log2, 5});
}

}  // namespace

void bind_pifs(nb::module_ module, nb::module_ testing) {
    bind_pifs_stream(module);
    module.def("inverse_dct", &inverse_dct, nb::arg("levels"), nb::arg("blocks"), nb::arg("step"),
               nb::arg("scale"), nb::arg("threads"),
               "Return the blocks that levels describe, b of x = S x + b, with ``scale`` samples per pixel.");
    testing.def("iterate", &iterate, nb::arg("x").noconvert(), nb::arg("blocks"), nb::arg("maps"),
                nb::arg("scale"), nb::arg("luma").none(), nb::arg("start").none(), nb::arg("count"),
                nb::arg("threads"),
                "Replace b, in ``x``, by what ``count`` applications of x = S x + b make of ``start``, or of b.");
    module.def("subtract_maps", &subtract_maps, nb::arg("residual").noconvert(), nb::arg("x"),
               nb::arg("blocks"), nb::arg("maps"), nb::arg("luma").none(), nb::arg("threads"),
               "Subtract S x from a residual.");
    module.def("deblock", &deblock, nb::arg("x").noconvert(), nb::arg("levels"), nb::arg("blocks"),
               nb::arg("maps"), nb::arg("step"), nb::arg("strength"), nb::arg("scale"), nb::arg("threads"),
               "Smooth the block borders of a plane by a strength of 1 to 7.");
    module.def("tiles", &tiles, nb::arg("blocks"), nb::arg("height"), nb::arg("width"),
               "Return whether blocks cover every cell of 4 × 4 pixels of a plane once.");
    module.def("partition", &partition, nb::arg("pixels"), nb::arg("reference"), nb::arg("luma").none(),
               nb::arg("candidates"), nb::arg("slots"), nb::arg("chroma"), nb::arg("inverse_step"),
               nb::arg("bit_price"), nb::arg("last"), nb::arg("threads"),
               nb::arg("shapes") = pifs::kAllShapes,
               "Return the blocks and maps of the cheapest partition of a plane, proved to contract.");
    module.def("transform_blocks", &transform_blocks, nb::arg("x").noconvert(), nb::arg("blocks"),
               nb::arg("factor"), nb::arg("threads"),
               "Replace the blocks of a plane, of which none overlap, by their DCT-II, times ``factor``.");
    module.def("settle", &settle, nb::arg("x").noconvert(), nb::arg("blocks"), nb::arg("maps"),
               nb::arg("luma").none(), nb::arg("threads"),
               "Replace b, in ``x``, by the attractor of x = S x + b; return how many applications it took.");
    module.def("near_maps", &near_maps, nb::arg("ranges"), nb::arg("domains"), nb::arg("log2"),
               nb::arg("reach"), nb::arg("bit_price"), nb::arg("threads"),
               "Return the best domain of half the resolution that lies over each block of side 2^log2 itself.");
    module.attr("LIMIT") = pifs::kLimit;
    module.attr("LOWEST_GAIN") = pifs::kLowestGain;
    module.attr("MARGIN") = pifs::kMargin;
    module.attr("SETTLED") = pifs::kSettled;
    testing.def("contraction_bounds", &contraction_bounds, nb::arg("blocks"), nb::arg("maps"),
                nb::arg("height"), nb::arg("width"),
                "Return numbers, one per block, of which the largest bounds the squared spectral radius of S.");
    module.def("contractive_maps", &contractive_maps, nb::arg("blocks"), nb::arg("maps"), nb::arg("height"),
               nb::arg("width"),
               "Return the maps with scales lowered until they are proved to contract.");
    const auto def_decode = [&](auto function) {
        module.def("decode", function, nb::arg("planes"), nb::arg("half_chroma"), nb::arg("deblock"),
                   nb::arg("alpha").none(), nb::arg("region"), nb::arg("samples"), nb::arg("is_whole_scale"),
                   nb::arg("iterations"), nb::arg("starts"), nb::arg("out").noconvert(), nb::arg("threads"),
                   "Fill the picture of planes, of floats or bytes, in the given number of samples a pixel or "
                   "resampled from them.");
    };
    def_decode(&decode<float>);
    def_decode(&decode<std::uint8_t>);
    module.def("bands_seen", &bands_seen, nb::arg("planes"), nb::arg("half_chroma"), nb::arg("deblock"),
               nb::arg("region"), nb::arg("samples"), nb::arg("size"), nb::arg("is_whole_scale"),
               nb::arg("iterations"), nb::arg("rows"),
               "Return the bands of so many rows of luma on which that picture depends.");
    testing.def("block_costs", &block_costs, nb::arg("pixels"), nb::arg("log2_height"), nb::arg("log2_width"),
               nb::arg("slots"), nb::arg("chroma"), nb::arg("inverse_step"), nb::arg("bit_price"),
               nb::arg("last"),
               "Return the cost of every whole block of one shape, without a map.");
    module.def("keep_best", &keep_best, nb::arg("products"), nb::arg("start"), nb::arg("reach"),
               nb::arg("penalty"), nb::arg("corners"), nb::arg("ranges"), nb::arg("apart"),
               nb::arg("gains").noconvert(), nb::arg("found").noconvert(),
               "Update the best domains of each range with a tile of inner products.");
    module.def("measure", &measure, nb::arg("ranges"), nb::arg("domains"), nb::arg("side"),
               nb::arg("contraction"), nb::arg("max_scale"), nb::arg("flat"), nb::arg("own"),
               nb::arg("corners"), nb::arg("orders"), nb::arg("turn").noconvert(),
               nb::arg("scale").noconvert(), nb::arg("gain").noconvert(),
               "Fill in isometry, scale and gain of each range and domain, measured in pixels.");
}

}  // namespace selfsame::python
