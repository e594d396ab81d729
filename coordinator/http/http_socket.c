/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/http_socket.h"

#include <linux/sockios.h>
#include <linux/tcp.h> /* whose struct tcp_info is newer than that of netinet/tcp.h */
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

uint64_t http_socket_received(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_bytes_received : 0;
}

void http_socket_reset_at_close(int fd)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

void http_socket_reset(int fd)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    (void)connect(fd, &nowhere,
                  sizeof(nowhere)); /* Linux: ends the connection by RST, without FIN */
}

bool http_socket_has_unread(int fd)
{
    int bytes = 0;
    return ioctl(fd, SIOCINQ, &bytes) == 0 && bytes > 0;
}
