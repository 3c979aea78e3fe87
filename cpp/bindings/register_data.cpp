// Blocks of a source: checked, and read from files into places of an array.
#include <limits.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "errors.hpp"
#include "held_dataset.hpp"
#include "register.hpp"

namespace wbcore::bindings {

namespace {

// Places of one read: IOV_MAX of POSIX is at least 16, and 1024 on every system in use.
#ifdef IOV_MAX
constexpr std::size_t most_pieces = std::min(std::size_t{IOV_MAX}, std::size_t{1024});
#else
constexpr std::size_t most_pieces = 16;
#endif

// Reads whole pieces, however little the system gives at a time. The bytes that were there.
std::size_t read_all(int file, off_t offset, iovec* pieces, std::size_t count) {
    std::size_t total = 0;
    while (count > 0) {
        const ssize_t got = preadv(file, pieces, static_cast<int>(count), offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw std::system_error(errno, std::generic_category(), "read");
        if (got == 0) break;  // the file's end
        offset += got;
        total += static_cast<std::size_t>(got);
        std::size_t left = static_cast<std::size_t>(got);
        while (count > 0 && left >= pieces->iov_len) {
            left -= pieces->iov_len;
            ++pieces;
            --count;
        }
        if (left > 0) {
            pieces->iov_base = static_cast<char*>(pieces->iov_base) + left;
            pieces->iov_len -= left;
        }
    }
    return total;
}

// Rows that lie one after another in a file, from `offset` on, into the rows of `room` (N, ..) that `places` names. The number of
// whole rows that there were.
std::size_t read_rows(int file, std::int64_t offset, py::array& room, const py::array& places) {
    const std::size_t n = static_cast<std::size_t>(places.size());
    const std::int64_t* const place =
        plain_data<std::int64_t>("fit", "the places of rows", places, {n}, false);
    const bool plain = room.ndim() > 0 && (room.flags() & py::array::c_style) != 0;
    if (!plain || !room.writeable())
        throw py::value_error("[fit] expected room in a C-contiguous, writeable array");
    const std::size_t rows = static_cast<std::size_t>(room.shape(0));
    const std::size_t bytes = rows == 0 ? 0 : static_cast<std::size_t>(room.nbytes()) / rows;
    for (std::size_t i = 0; i < n; ++i)
        if (place[i] < 0 || static_cast<std::size_t>(place[i]) >= rows)
            throw py::index_error("[fit] expected places in the room");
    if (bytes == 0) return n;
    char* const data = static_cast<char*>(room.mutable_data());
    // Safe: room and places are held by the call; nobody else uses these places of the room.
    const GilReleased released;
    std::array<iovec, most_pieces> pieces;
    std::size_t done = 0;
    while (done < n) {
        std::size_t count = 0, next = done;
        for (; next < n; ++next) {
            char* const to = data + static_cast<std::size_t>(place[next]) * bytes;
            if (count > 0 &&
                static_cast<char*>(pieces[count - 1].iov_base) + pieces[count - 1].iov_len == to) {
                pieces[count - 1].iov_len += bytes;
            } else {
                if (count == most_pieces) break;
                pieces[count++] = {to, bytes};
            }
        }
        const std::size_t wanted = (next - done) * bytes;
        const std::size_t got =
            read_all(file, offset + static_cast<off_t>(done * bytes), pieces.data(), count);
        if (got < wanted) return done + got / bytes;
        done = next;
    }
    return n;
}

// Refuses a block whose shapes do not suit the network, whose targets the loss cannot take, or whose weights are none.
template <class T>
void require_block(const BoundNetwork<T>& bound,
                   const py::object& X,
                   const py::object& y,
                   const py::object& weights,
                   const std::string& operation,
                   const py::object& loss,
                   bool compared) {
    const HeldDataset<T> block(operation, bound.network(), X, y, py::none(),
                               given_loss<T>(operation, loss), compared);
    if (weights.is_none()) return;
    py::array holder;  // a block may have no row that counts
    require_weights_of_part(
        operation, with_weights(operation, holder, weights, block.view().x, Look::at_shapes));
}

}  // namespace

void register_data(py::module_& m) {
    py::class_<BoundColumns>(m, "Columns")
        .def(py::init<BoundColumns::Numbers, BoundColumns::Numbers>(), py::arg("means"),
             py::arg("factors"));
    m.def("read_rows", named_function("fit", &read_rows), py::arg("file"), py::arg("offset"),
          py::arg("room"), py::arg("places"));
    m.def("require_block", &require_block<float>, py::arg("network"), py::arg("X"), py::arg("y"),
          py::arg("weights"), py::arg("operation"), py::arg("loss"), py::arg("compared"));
    m.def("require_block", &require_block<double>, py::arg("network"), py::arg("X"), py::arg("y"),
          py::arg("weights"), py::arg("operation"), py::arg("loss"), py::arg("compared"));
}

}  // namespace wbcore::bindings
