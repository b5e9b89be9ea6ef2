// What a companion asks its own phone in private: a message it could not read, once more in plain.
import { proto } from '@whiskeysockets/baileys';
import type { ReceivedMessage } from './inbox.ts';

const { PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE } = proto.Message.ProtocolMessage.Type;

/** The answer to a companion's request, or undefined when it asks for something this phone does not give. */
export function answerPeerRequest(
  stanzaId: string,
  message: proto.IMessage,
  screen: readonly ReceivedMessage[],
): proto.IMessage | undefined {
  const request = message.protocolMessage?.peerDataOperationRequestMessage;
  const peerDataOperationResult = (request?.placeholderMessageResendRequest ?? []).flatMap(({ messageKey }) => {
    const shown = screen.find((one) => one.id === messageKey?.id);
    if (!shown || !messageKey) return [];
    const info = proto.WebMessageInfo.encode({
      key: messageKey,
      message: shown.message,
      messageTimestamp: Math.floor(shown.at / 1000),
      pushName: shown.pushName,
      ...(messageKey.participant && { participant: messageKey.participant }),
    });
    return [{ placeholderMessageResendResponse: { webMessageInfoBytes: info.finish() } }];
  });
  if (peerDataOperationResult.length === 0) return undefined;
  return {
    protocolMessage: {
      type: PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
      peerDataOperationRequestResponseMessage: {
        peerDataOperationRequestType: proto.Message.PeerDataOperationRequestType.PLACEHOLDER_MESSAGE_RESEND,
        stanzaId,
        peerDataOperationResult,
      },
    },
  };
}
