/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The Ethernet controller of TI's Stellaris microcontrollers: what has come is read until nothing
 * is left, and always whole frames.
 *
 * Registers, bits and the layout of its memory: LM3S6965 data sheet (DS-LM3S6965, Texas
 * Instruments), chapter "Ethernet Controller".
 */
#define DT_DRV_COMPAT ti_stellaris_ethernet

#include <zephyr/irq.h>
#include <zephyr/kernel.h>
#include <zephyr/net/ethernet.h>
#include <zephyr/net/net_pkt.h>
#include <zephyr/sys/byteorder.h>
#include <zephyr/sys/sys_io.h>

#define REGISTER(offset) (DT_INST_REG_ADDR(0) + (offset))
#define MACRIS           REGISTER(0x00) /* Raw interrupt status; written, it acknowledges. */
#define MACRCTL          REGISTER(0x08)
#define MACTCTL          REGISTER(0x0c)
#define MACDATA          REGISTER(0x10)
#define MACIA0           REGISTER(0x14)
#define MACIA1           REGISTER(0x18)
#define MACNP            REGISTER(0x34) /* Frames received and not read. */
#define MACTR            REGISTER(0x38)

#define MACRIS_TXER  BIT(1)
#define MACRIS_TXEMP BIT(2)
#define MACRIS_FOV   BIT(3)
#define MACRIS_RXER  BIT(4)

#define MACRCTL_RXEN    BIT(0)
#define MACRCTL_BADCRC  BIT(3) /* Frames of a wrong check sequence are dropped. */
#define MACRCTL_RSTFIFO BIT(4)

#define MACTCTL_TXEN   BIT(0)
#define MACTCTL_PADEN  BIT(1)
#define MACTCTL_CRC    BIT(2)
#define MACTCTL_DUPLEX BIT(4)

#define MACTR_NEWTX BIT(0)

#define NP_MASK 0x3f

/* A frame is read and written in words, after two bytes that tell its length. */
#define LENGTH_SIZE 2
#define FCS_SIZE    4

struct eth_stellaris_data {
	struct net_if *iface;
	struct k_sem sent;
	bool is_lost; /* What was to be sent last. */
};

/* The words of the frame that is being written, filled byte by byte. */
struct words {
	uint32_t word;
	unsigned int filled;
};

static void words_put(struct words *words, uint8_t byte)
{
	words->word |= (uint32_t)byte << (8 * words->filled);
	words->filled += 1;
	if (words->filled == sizeof(words->word)) {
		sys_write32(words->word, MACDATA);
		*words = (struct words){0};
	}
}

static void words_end(const struct words *words)
{
	if (words->filled != 0) {
		sys_write32(words->word, MACDATA);
	}
}

static int eth_stellaris_send(const struct device *dev, struct net_pkt *pkt)
{
	struct eth_stellaris_data *data = dev->data;
	/* Told is the length of what follows the header. */
	const size_t length = net_pkt_get_len(pkt) - sizeof(struct net_eth_hdr);
	struct words words = {0};

	words_put(&words, length & 0xff);
	words_put(&words, length >> 8);
	for (const struct net_buf *fragment = pkt->frags; fragment; fragment = fragment->frags) {
		for (size_t i = 0; i < fragment->len; i++) {
			words_put(&words, fragment->data[i]);
		}
	}
	words_end(&words);
	sys_write32(MACTR_NEWTX, MACTR);
	k_sem_take(&data->sent, K_FOREVER);
	return data->is_lost ? -EIO : 0;
}

/* Reads one frame to its end, into nothing where no buffer is free. */
static void eth_stellaris_receive(struct net_if *iface)
{
	uint8_t word[sizeof(uint32_t)];
	struct net_pkt *pkt = NULL;
	size_t told, frame, read;

	sys_put_le32(sys_read32(MACDATA), word);
	told = sys_get_le16(word);
	frame = told > LENGTH_SIZE + FCS_SIZE ? told - LENGTH_SIZE - FCS_SIZE : 0;
	if (frame != 0) {
		pkt = net_pkt_rx_alloc_with_buffer(iface, frame, AF_UNSPEC, 0, K_NO_WAIT);
	}
	if (pkt) {
		net_pkt_write(pkt, word + LENGTH_SIZE,
			      MIN(frame, sizeof(word) - LENGTH_SIZE));
	}
	for (read = sizeof(word); read < told; read += sizeof(word)) {
		const size_t left = frame + LENGTH_SIZE > read ? frame + LENGTH_SIZE - read : 0;

		sys_put_le32(sys_read32(MACDATA), word);
		if (pkt) {
			net_pkt_write(pkt, word, MIN(left, sizeof(word)));
		}
	}
	if (pkt && net_recv_data(iface, pkt) < 0) {
		net_pkt_unref(pkt);
	}
}

static void eth_stellaris_restart_receiver(void)
{
	sys_write32(0, MACRCTL);
	sys_write32(MACRCTL_RSTFIFO, MACRCTL);
	sys_write32(MACRCTL_BADCRC | MACRCTL_RXEN, MACRCTL);
}

static void eth_stellaris_isr(const struct device *dev)
{
	struct eth_stellaris_data *data = dev->data;
	const uint32_t pending = sys_read32(MACRIS);

	/* First: a frame that comes from here on interrupts again. */
	sys_write32(pending, MACRIS);
	if (pending & (MACRIS_TXEMP | MACRIS_TXER)) {
		data->is_lost = pending & MACRIS_TXER;
		k_sem_give(&data->sent);
	}
	if (pending & (MACRIS_RXER | MACRIS_FOV)) {
		eth_stellaris_restart_receiver();
	}
	while (sys_read32(MACNP) & NP_MASK) {
		eth_stellaris_receive(data->iface);
	}
}

static uint8_t eth_stellaris_address[] = DT_INST_PROP(0, local_mac_address);

static void eth_stellaris_start(struct net_if *iface)
{
	struct eth_stellaris_data *data = net_if_get_device(iface)->data;

	data->iface = iface;
	net_if_set_link_addr(iface, eth_stellaris_address, sizeof(eth_stellaris_address),
			     NET_LINK_ETHERNET);
	ethernet_init(iface);
	IRQ_CONNECT(DT_INST_IRQN(0), DT_INST_IRQ(0, priority), eth_stellaris_isr,
		    DEVICE_DT_INST_GET(0), 0);
	irq_enable(DT_INST_IRQN(0));
}

static int eth_stellaris_init(const struct device *dev)
{
	ARG_UNUSED(dev);
	sys_write32(sys_get_le32(eth_stellaris_address), MACIA0);
	sys_write32(sys_get_le16(eth_stellaris_address + sizeof(uint32_t)), MACIA1);
	sys_write32(MACTCTL_DUPLEX | MACTCTL_CRC | MACTCTL_PADEN | MACTCTL_TXEN, MACTCTL);
	eth_stellaris_restart_receiver();
	return 0;
}

static struct eth_stellaris_data eth_stellaris_data = {
	.sent = Z_SEM_INITIALIZER(eth_stellaris_data.sent, 0, 1),
};

static const struct ethernet_api eth_stellaris_api = {
	.iface_api.init = eth_stellaris_start,
	.send = eth_stellaris_send,
};

NET_DEVICE_DT_INST_DEFINE(0, eth_stellaris_init, NULL, &eth_stellaris_data, NULL,
			  CONFIG_ETH_INIT_PRIORITY, &eth_stellaris_api, ETHERNET_L2,
			  NET_L2_GET_CTX_TYPE(ETHERNET_L2), NET_ETH_MTU);
