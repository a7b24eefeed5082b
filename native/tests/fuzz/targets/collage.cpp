// Collages: from the bytes of a file to symbols, and back to bytes that mean the same.
#include "collage/syntax.hpp"
#include "input.hpp"
#include "tables.hpp"

using namespace selfsame;

constexpr int kMostRanges = 12, kMostAtoms = 2048;  // ranges along a side, numbers of all ranges: more are only slow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const coding::Models first =
        fuzz::models(fuzz::kCollageSlots, fuzz::kCollageWeights, collage::slot_count(), collage::set_count());
    fuzz::Input input(data, size);
    const int count = input.any<std::uint8_t>() % 2 ? 3 : 1, domains = input.any<std::uint8_t>() % 17;
    const int step = input.any<std::uint8_t>();
    const int rows = 1 + input.any<std::uint8_t>() % kMostRanges, columns = 1 + input.any<std::uint8_t>() % kMostRanges;
    std::vector<collage::Plane> planes;
    for (int i = 0; i < count; ++i) {
        planes.emplace_back(input.any<std::uint8_t>() % (1 + kMostAtoms / (rows * columns)), domains, rows, columns);
    }
    coding::Decoder decoder(first, input.rest());
    if (!collage::read_planes(decoder, planes, step)) {
        return 0;
    }
    coding::Encoder encoder(first, collage::kElements);
    std::vector<std::vector<std::int32_t>> symbols;
    for (const auto& plane : planes) {
        symbols.emplace_back(plane.symbols.data(), plane.symbols.data() + plane.symbols.size());
    }
    fuzz::require(collage::write_planes(encoder, planes, step));
    const auto bytes = encoder.finished();
    coding::Decoder again(first, fuzz::row(bytes));
    std::vector<collage::Plane> same;
    for (const auto& plane : planes) {
        same.emplace_back(plane.atoms, plane.domains, plane.rows, plane.columns);
    }
    fuzz::require(collage::read_planes(again, same, step));
    for (std::size_t i = 0; i < same.size(); ++i) {
        fuzz::require(std::ranges::equal(symbols[i], Row(same[i].symbols.data(), same[i].symbols.size())));
    }
    return 0;
}
