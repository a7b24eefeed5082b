// The symbols of a collage as a stream of binary decisions.
//
// A plane is coded as all its biases, then range by range the weights of atoms and of domains; the planes
// follow each other. docs/file-format.md describes the order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "coding/range_coder.hpp"
#include "core/zeros.hpp"

namespace selfsame::collage {

inline constexpr int kPlanes = 3;  // Y (or grey), Cb, Cr
inline constexpr int kMaxAtoms = 255;
inline constexpr int kMaxBias = 1 << 17;
inline constexpr int kMaxWeight = 1 << 15;
inline constexpr int kMaxDomains = 16;
inline constexpr std::int64_t kMaxSymbols = std::int64_t(1) << 28;  // of a plane here, of all planes in a file

// Syntax elements that bits are counted by.
enum Element : int { kBiases, kExtents, kWeights, kSigns, kDomains, kElements };

// Slots and sets of weights of the coder's models.
std::uint32_t slot_count();
std::uint32_t set_count();

// One plane of symbols: the bias of each range, then its atoms' weights, then its domains', each a grid of
// (rows, columns).
struct Plane {
    Plane(int atoms, int domains, int rows, int columns)
        : atoms(atoms), domains(domains), rows(rows), columns(columns),
          symbols(std::size_t(1 + atoms + domains) * rows * columns) {}

    int atoms, domains, rows, columns;
    Zeros<std::int32_t> symbols;
};

// Fill planes from a stream; `step` is the index of their quantiser step. False if the stream is damaged.
bool read_planes(coding::Decoder& coder, std::vector<Plane>& planes, int step);

// Write planes, whose weights are up to kMaxWeight; false if a bias is beyond kMaxBias.
bool write_planes(coding::Encoder& coder, std::vector<Plane>& planes, int step);

}  // namespace selfsame::collage
