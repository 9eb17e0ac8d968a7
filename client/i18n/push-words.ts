import { bilingual } from './bilingual.ts';
import { count } from './english-count.ts';

/** Texts of the page that pushes the log to an MLflow server. */
export const usePushWords = bilingual({
  en: {
    title: 'Push to an MLflow server',
    text: (runs: number) =>
      `Your log, ${count(runs, 'run', 'runs')} with metrics and models, goes from this device straight to the server you name, and nowhere else. Pushed again, nothing is there twice.`,
    nothing: 'There are no runs yet. Answer some questions first.',
    address: 'Address of the server',
    addressHint: 'https://…, or a server on this machine.',
    notAnAddress: 'The address must begin with https://, or be on this machine, such as http://localhost:5000.',
    user: 'User name (optional)',
    secret: 'Password or access token (optional)',
    secretHint: 'It is not kept. Without a user name it is sent as an access token.',
    now: 'Push now',
    stop: 'Stop',
    progress: (done: number, all: number) => `${done} of ${count(all, 'run', 'runs')}`,
    done: (runs: number, address: string) => `${count(runs, 'run is', 'runs are')} on ${address}.`,
    stopped: (done: number) => `Stopped. ${count(done, 'run is', 'runs are')} on the server; push again to go on.`,
    unreachable: (address: string, origin: string) =>
      `${address} does not answer this page. Is it running, and does it let pages of ${origin} call it?`,
    unknown: 'The server asks who you are: user name and password, or an access token, are missing or wrong.',
    forbidden: 'The server does not let you write there.',
    elsewhere: 'The server keeps artifacts where only it can write. Start it with --serve-artifacts.',
    other: 'There is a server at this address, but it does not answer as MLflow does. Is the address complete?',
    refused: (message: string) => `The server refused: ${message}`,
    back: 'Back to Storage',
  },
  ko: {
    title: 'MLflow 서버로 보내기',
    text: (runs) =>
      `실행 ${runs}건의 지표와 모델이 든 기록을 이 기기에서 입력한 서버로 바로 보내요. 다른 곳으로는 가지 않아요. 다시 보내도 겹치지 않아요.`,
    nothing: '아직 실행 기록이 없어요. 먼저 문제를 풀어 보세요.',
    address: '서버 주소',
    addressHint: 'https://… 또는 이 기기에 있는 서버.',
    notAnAddress: '주소는 https://로 시작하거나 이 기기에 있어야 해요. 예: http://localhost:5000',
    user: '사용자 이름(선택)',
    secret: '비밀번호 또는 액세스 토큰(선택)',
    secretHint: '저장하지 않아요. 사용자 이름이 없으면 액세스 토큰으로 보내요.',
    now: '지금 보내기',
    stop: '멈추기',
    progress: (done, all) => `실행 ${all}건 중 ${done}건`,
    done: (runs, address) => `실행 ${runs}건이 ${address}에 있어요.`,
    stopped: (done) => `멈췄어요. 서버에 실행 ${done}건이 있고, 다시 보내면 이어져요.`,
    unreachable: (address, origin) => `${address} 서버가 이 페이지에 답하지 않아요. 서버가 켜져 있고 ${origin} 페이지의 요청을 받나요?`,
    unknown: '서버가 누구인지 물어요. 사용자 이름과 비밀번호 또는 액세스 토큰이 없거나 맞지 않아요.',
    forbidden: '이 서버에 쓸 권한이 없어요.',
    elsewhere: '서버가 아티팩트를 자기만 쓸 수 있는 곳에 둬요. --serve-artifacts로 시작해 주세요.',
    other: '이 주소에 서버가 있지만 MLflow처럼 답하지 않아요. 주소가 끝까지 맞는지 확인해 주세요.',
    refused: (message) => `서버가 거절했어요: ${message}`,
    back: '저장 공간으로',
  },
});
