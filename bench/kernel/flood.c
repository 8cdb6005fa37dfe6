/*
 * Pushes UDP packets through the kernel's own forwarding and times them: packets are written to one tun device and
 * read from another. Run inside a network namespace of its own.
 *
 *     flood SETUP MODE COUNT
 *
 * SETUP is a shell command, run when lan0 and wan0 are there. MODE: `established` sends packets of one answered flow,
 * `new` opens a flow with each. Prints nanoseconds per packet, both system calls included.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LENGTH = 46, FIRST_PORT = 1024, PORTS = 60000 };

static int open_tun(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
		perror(name);
		exit(1);
	}
	return fd;
}

static void make_packet(unsigned char *packet, const char *from, int sport, const char *to, int dport)
{
	unsigned sum = 0;

	memset(packet, 0, LENGTH);
	packet[0] = 0x45;
	packet[3] = LENGTH;
	packet[6] = 0x40;
	packet[8] = 64;
	packet[9] = 17;
	inet_pton(AF_INET, from, packet + 12);
	inet_pton(AF_INET, to, packet + 16);
	packet[20] = sport >> 8;
	packet[21] = sport;
	packet[22] = dport >> 8;
	packet[23] = dport;
	packet[25] = LENGTH - 20;
	for (int i = 0; i < 20; i += 2)
		sum += packet[i] << 8 | packet[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	packet[10] = ~sum >> 8;
	packet[11] = ~sum;
}

/* Returns how many of `count` packets came out again. */
static long send_all(int lan, int wan, unsigned char *packet, long count, int first_port)
{
	unsigned char left[2048];
	long seen = 0;

	for (long i = 0; i < count; i++) {
		if (first_port > 0) {
			int port = first_port + i % PORTS;

			packet[20] = port >> 8;
			packet[21] = port;
		}
		if (write(lan, packet, LENGTH) != LENGTH)
			exit(2);
		while (read(wan, left, sizeof(left)) > 0)
			seen += left[9] == 17;
	}
	return seen;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

int main(int argc, char **argv)
{
	unsigned char request[LENGTH], answer[LENGTH];
	int lan = open_tun("lan0"), wan = open_tun("wan0");
	long count = argc > 3 ? atol(argv[3]) : 0;
	int is_new = argc > 2 && strcmp(argv[2], "new") == 0;
	double start, best = 1e18;

	if (count <= 0 || system(argv[1]) != 0)
		return 1;
	make_packet(request, "10.0.0.2", 1023, "198.51.100.7", 53);
	make_packet(answer, "198.51.100.7", 53, "203.0.113.1", 1023);
	send_all(lan, wan, request, 1, 0);
	if (write(wan, answer, LENGTH) != LENGTH)
		return 2;
	send_all(lan, wan, request, is_new ? 1 : count / 4, 0);
	/* the best of five: other programs share the machine */
	for (int round = 0; round < 5; round++) {
		start = now_ns();
		if (send_all(lan, wan, request, count, is_new ? FIRST_PORT + round * (int)count : 0) < count)
			return 3;
		if (now_ns() - start < best)
			best = now_ns() - start;
	}
	printf("%.0f\n", best / count);
	return 0;
}
